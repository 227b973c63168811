import { useGraphiQL } from '@graphiql/react';
import { useState } from 'react';

import { CostNote, type Cost } from './cost';
import { FollowNote, type Followed, type Way } from './following';
import { effectOf, isSubscription, type Effect } from './perspective';
import { isSignedIn, roleInWords, signOut, type Viewer } from './viewer';

const HINTS: Record<Effect, { stage: string; meaning: string }> = {
  'reads-live': { stage: 'Live', meaning: 'reads what your readers see' },
  'reads-draft': { stage: 'Draft', meaning: 'reads what editors see' },
  'changes-draft': { stage: 'Draft', meaning: 'changes the draft, not yet what readers see' },
  'goes-live': { stage: 'Live', meaning: 'changes what your readers see' },
};

interface HeaderProps {
  viewer: Viewer;
  /** Of the last operation that was run. */
  cost: Cost | null;
  /** Of the subscription that runs, or that ran last. */
  followed: Followed | null;
  way: Way;
  chooseWay: (way: Way) => void;
  report: (trouble: string) => void;
}

/** The bar across the top: the house's name, what the operation touches, what it cost, and who is signed in. */
export function Header({ viewer, cost, followed, way, chooseWay, report }: HeaderProps) {
  const follows = useGraphiQL((state) => isSubscription(state.documentAST, state.operationName));
  return (
    <header className="cairn-header">
      <h1 className="cairn-brand">
        <Stones />
        Cairn
      </h1>
      <PerspectiveHint viewer={viewer} />
      {follows ? <FollowNote followed={followed} way={way} choose={chooseWay} /> : <CostNote cost={cost} />}
      <ViewerBadge viewer={viewer} report={report} />
    </header>
  );
}

function Stones() {
  return (
    <svg viewBox="4 5 24 24" width="28" height="28" aria-hidden="true">
      <ellipse cx="16" cy="24" rx="10.5" ry="3.6" fill="#5fbfa2" />
      <ellipse cx="15.2" cy="16.6" rx="7.6" ry="3.2" fill="#8fd6bf" />
      <ellipse cx="16.6" cy="10" rx="4.8" ry="2.7" fill="#f2b45a" />
    </svg>
  );
}

function PerspectiveHint({ viewer }: { viewer: Viewer }) {
  const effect = useGraphiQL((state) =>
    effectOf(state.documentAST, state.operationName, state.tabs[state.activeTabIndex]?.variables ?? ''),
  );
  const hint = effect && HINTS[effect];
  const needsSignIn = effect !== null && effect !== 'reads-live' && !isSignedIn(viewer);
  return (
    <p className="cairn-perspective" role="status" data-effect={effect ?? 'unknown'}>
      {hint && (
        <>
          <strong>{hint.stage}</strong>{' '}
          <span>
            {hint.meaning}
            {needsSignIn && '; sign in first'}
          </span>
        </>
      )}
    </p>
  );
}

function ViewerBadge({ viewer, report }: { viewer: Viewer; report: (trouble: string) => void }) {
  if (!isSignedIn(viewer)) {
    return (
      <p className="cairn-viewer">
        <strong>Anonymous</strong>
        <span>
          drafts are hidden; open the sign-in link printed by <code>make dev</code>
        </span>
      </p>
    );
  }
  return (
    <div className="cairn-viewer">
      <strong>{viewer.name}</strong>
      <span>{roleInWords(viewer)}</span>
      <SignOutButton report={report} />
    </div>
  );
}

function SignOutButton({ report }: { report: (trouble: string) => void }) {
  const [isLeaving, setLeaving] = useState(false);
  const leave = async () => {
    setLeaving(true);
    try {
      await signOut();
      window.location.assign(import.meta.env.BASE_URL);
    } catch (error) {
      setLeaving(false);
      report(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <button type="button" className="cairn-sign-out" disabled={isLeaving} onClick={() => void leave()}>
      Sign out
    </button>
  );
}
