import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN, HistoryStore } from '@graphiql/plugin-history';
import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from '@graphiql/plugin-doc-explorer';
import { GraphiQLProvider } from '@graphiql/react';
import { GraphiQL, GraphiQLInterface } from 'graphiql';
import { useEffect, useMemo, useRef, useState } from 'react';

import type { Cost } from './cost';
import { createFetcher } from './fetcher';
import { storedWay, storeWay, type Followed, type Way } from './following';
import { Header } from './header';
import { useCairnEditorThemes, useReadableLines } from './code-editors';
import { starterPlugin } from './starter-plugin';
import { mayRun, STARTERS, type Sample } from './starters';
import { storageFor } from './storage';
import { isSamePerson, loadViewer, type Viewer } from './viewer';

interface IdeProps {
  viewer: Viewer;
  /** Fills the starter tabs of a first visit; null leaves placeholders in them. */
  sample: Sample | null;
  /** What went wrong before the page could be shown. */
  trouble: string | null;
}

export function Ide({ viewer, sample, trouble: firstTrouble }: IdeProps) {
  const [trouble, setTrouble] = useState(firstTrouble);
  const [cost, setCost] = useState<Cost | null>(null);
  const storage = useMemo(() => storageFor(viewer), [viewer]);
  const [followed, setFollowed] = useState<Followed | null>(null);
  const [way, chooseWay] = useWay(storage);
  const fetcher = useMemo(
    () => createFetcher(setTrouble, setCost, { way: () => way.current, tell: setFollowed }),
    [way],
  );
  const plugins = useMemo(
    () => [starterPlugin(viewer), { ...explorerPlugin(), title: 'Explorer' }, HISTORY_PLUGIN],
    [viewer],
  );
  const tabs = useMemo(() => starterTabs(viewer, sample), [viewer, sample]);
  const hasChangedHands = useViewerChange(viewer);
  return (
    <GraphiQLProvider
      fetcher={fetcher}
      storage={storage}
      defaultTabs={tabs}
      plugins={[DOC_EXPLORER_PLUGIN, ...plugins]}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      inputValueDeprecation
      schemaDescription
    >
      <HistoryStore>
        <DocExplorerStore>
          <Header
            viewer={viewer}
            cost={cost}
            followed={followed}
            way={way.current}
            chooseWay={chooseWay}
            report={setTrouble}
          />
          {hasChangedHands && <ReloadNotice />}
          {trouble && <TroubleNotice text={trouble} dismiss={() => setTrouble(null)} />}
          <Workbench />
        </DocExplorerStore>
      </HistoryStore>
    </GraphiQLProvider>
  );
}

/** Which way events come. The fetcher is made once, and looks it up when a subscription begins. */
function useWay(storage: Storage) {
  const way = useRef<Way>(storedWay(storage));
  const [, shown] = useState(way.current);
  const choose = (chosen: Way) => {
    way.current = chosen;
    storeWay(storage, chosen);
    shown(chosen);
  };
  return [way, choose] as const;
}

function Workbench() {
  useCairnEditorThemes();
  useReadableLines();
  return (
    <main className="cairn-workbench">
      <GraphiQLInterface defaultEditorToolsVisibility="variables" showPersistHeadersSettings={false}>
        <GraphiQL.Logo> </GraphiQL.Logo>
      </GraphiQLInterface>
    </main>
  );
}

function TroubleNotice({ text, dismiss }: { text: string; dismiss: () => void }) {
  return (
    <div className="cairn-notice" role="alert">
      <p>{text}</p>
      <button type="button" onClick={dismiss}>
        Dismiss
      </button>
    </div>
  );
}

function ReloadNotice() {
  return (
    <div className="cairn-notice" role="status">
      <p>Someone has signed in or out in another tab of this browser.</p>
      <button type="button" onClick={() => window.location.reload()}>
        Reload this page
      </button>
    </div>
  );
}

/** True once another tab has signed in or out; looked at whenever this page comes to the front. */
function useViewerChange(viewer: Viewer): boolean {
  const [hasChanged, setChanged] = useState(false);
  useEffect(() => {
    const look = () =>
      loadViewer().then(
        (now) => setChanged(!isSamePerson(viewer, now)),
        () => undefined, // The next operation will say that the server is away.
      );
    window.addEventListener('focus', look);
    return () => window.removeEventListener('focus', look);
  }, [viewer]);
  return hasChanged;
}

function starterTabs(viewer: Viewer, sample: Sample | null) {
  return STARTERS.filter((starter) => mayRun(viewer, starter)).map((starter) => ({
    query: starter.query,
    variables: starter.variables(sample),
  }));
}
