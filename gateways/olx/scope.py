"""What reading one component needs, and where it leaves its findings."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gateways.olx.archive import Export
from gateways.olx.links import References
from gateways.olx.tree import IssueCode, LinkKind, OlxBlock, OlxIssue, OlxLink, OlxPlace, Settings, Severity
from gateways.olx.xml import clip

QUESTION_FORMATS = frozenset(
    (
        *("multiple_choice", "multi_select", "true_false", "numeric", "short_answer", "freeform"),
        *("matching", "matrix", "ranking", "cloze", "file_upload"),
    )
)

_SEVERITY_OF_LINKS = {
    IssueCode.LINK_BROKEN: Severity.WARNING,
    IssueCode.STATIC_MISSING: Severity.ERROR,
    IssueCode.SCRIPT_DROPPED: Severity.WARNING,
}


@dataclass(slots=True)
class Scope:
    """One component being read: where it stands, what it can link to, and the findings so far."""

    external_id: str
    place: OlxPlace
    title: str
    language: str
    export: Export
    references: References
    issues: list[OlxIssue] = field(default_factory=list)
    links: list[OlxLink] = field(default_factory=list)

    def report(self, severity: Severity, code: IssueCode, message: str, source: str | None = None) -> None:
        """Records a finding about this component."""
        self.issues.append(
            OlxIssue(severity, code, self.place, message, self.external_id, clip(source) if source else None)
        )

    def info(self, code: IssueCode, message: str, source: str | None = None) -> None:
        """Records something for the record."""
        self.report(Severity.INFO, code, message, source)

    def warn(self, code: IssueCode, message: str, source: str | None = None) -> None:
        """Records something that came out differently."""
        self.report(Severity.WARNING, code, message, source)

    def error(self, code: IssueCode, message: str, source: str | None = None) -> None:
        """Records something learners will miss."""
        self.report(Severity.ERROR, code, message, source)

    def link(self, url: str) -> str | None:
        """What to write instead of `url`, or None for no link.

        Records the link and, where it leads nowhere, a finding.
        """
        target = self.references.resolve(url)
        if target.kind is not None:
            self.links.append(OlxLink(self.external_id, target.kind, target.name, target.resolved))
        if target.code is not None:
            self.report(_SEVERITY_OF_LINKS.get(target.code, Severity.WARNING), target.code, target.message, url)
        return target.url

    def static(self, name: str) -> str | None:
        """The reference to a static file named without its folder; None, and a finding, when there is no such file."""
        target = self.references.resolve(f"/static/{name}")
        self.links.append(OlxLink(self.external_id, LinkKind.STATIC, target.name, target.resolved))
        if not target.resolved:
            self.error(IssueCode.STATIC_MISSING, target.message, name)
            return None
        return target.url

    def block(
        self,
        format: str,
        body: str = "",
        *,
        title: str | None = None,
        points: int = 0,
        settings: Settings | None = None,
    ) -> OlxBlock:
        """A block of this component; `numbered` gives it its final id."""
        return OlxBlock(self.external_id, self.place, format, title, body, points, settings=settings or {})


def numbered(blocks: Sequence[OlxBlock]) -> list[OlxBlock]:
    """Gives the blocks of one component ids that stay the same when text is added around them.

    The first question (in a component without questions: the first block) has the component's own id, further ones
    `#2`, `#3`; any other block is numbered within its format: `#text-1`, `#embed-1`.
    """
    main = next((_kind(b) for b in blocks if _kind(b) == "question"), _kind(blocks[0]) if blocks else "")
    counts: dict[str, int] = {}
    result = []
    for block in blocks:
        kind = _kind(block)
        counts[kind] = number = counts.get(kind, 0) + 1
        suffix = f"#{kind}-{number}" if kind != main else "" if number == 1 else f"#{number}"
        result.append(replace(block, external_id=block.external_id + suffix))
    return result


def _kind(block: OlxBlock) -> str:
    return "question" if block.format in QUESTION_FORMATS else block.format
