import { Button, pick, useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from '@graphiql/react';
import { useState } from 'react';

import { loadSample } from './sample';
import { mayRun, STARTERS, type Starter } from './starters';
import type { Viewer } from './viewer';

/** The panel that lists the starter operations and opens each in a tab of its own, filled in with current ids. */
export function starterPlugin(viewer: Viewer): GraphiQLPlugin {
  return {
    title: 'Starter operations',
    icon: StarterIcon,
    content: () => <StarterPanel viewer={viewer} />,
  };
}

function StarterPanel({ viewer }: { viewer: Viewer }) {
  const open = useOpenInTab(viewer);
  const [opening, setOpening] = useState<string | null>(null);
  const choose = async (starter: Starter) => {
    setOpening(starter.id);
    await open(starter);
    setOpening(null);
  };
  return (
    <section className="cairn-starters" aria-labelledby="cairn-starters-title">
      <h2 id="cairn-starters-title" className="cairn-starters-title">
        Starter operations
      </h2>
      <p>Each opens in a tab of its own, filled in with ids and revisions as they are now.</p>
      <ul>
        {STARTERS.map((starter) => (
          <li key={starter.id}>
            <h3>{starter.title}</h3>
            <p>{starter.purpose}</p>
            {mayRun(viewer, starter) ? (
              <Button
                type="button"
                disabled={opening !== null}
                aria-label={`Open “${starter.title}” in a new tab`}
                onClick={() => void choose(starter)}
              >
                {opening === starter.id ? 'Opening…' : 'Open in a new tab'}
              </Button>
            ) : (
              <p className="cairn-starter-locked">
                Needs the permission <code>{starter.scope}</code>.
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function useOpenInTab(viewer: Viewer): (starter: Starter) => Promise<void> {
  const { addTab } = useGraphiQLActions();
  const { queryEditor, variableEditor } = useGraphiQL(pick('queryEditor', 'variableEditor'));
  return async (starter) => {
    const sample = await loadSample(viewer);
    addTab();
    queryEditor?.setValue(starter.query);
    variableEditor?.setValue(starter.variables(sample));
    queryEditor?.focus();
  };
}

function StarterIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <ellipse cx="12" cy="18.5" rx="8.5" ry="2.75" />
      <ellipse cx="11.4" cy="12.4" rx="6" ry="2.4" />
      <ellipse cx="12.6" cy="6.8" rx="3.8" ry="2.1" />
    </svg>
  );
}
