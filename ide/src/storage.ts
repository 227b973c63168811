import type { Viewer } from './viewer';

const APART = 'cairn-ide';
const THEME = 'graphiql:theme';

/**
 * A drawer of the browser's local storage for one viewer: tabs and history of two people who share a browser stay
 * apart, and signing in for the first time starts with fresh operations. The choice of theme is shared by all.
 */
export function storageFor(viewer: Viewer): Storage {
  const drawer = `${APART}:${viewer.kind}:${viewer.name ?? ''}:`;
  const named = (key: string) => (key === THEME ? `${APART}:${key}` : drawer + key);
  const own = () => Object.keys(localStorage).filter((key) => key.startsWith(drawer));
  return {
    get length() {
      return own().length;
    },
    key: (index) => own()[index]?.slice(drawer.length) ?? null,
    getItem: (key) => localStorage.getItem(named(key)),
    setItem: (key, value) => localStorage.setItem(named(key), value),
    removeItem: (key) => localStorage.removeItem(named(key)),
    clear: () => own().forEach((key) => localStorage.removeItem(key)),
  };
}

/** True until the viewer's tabs have been stored once. */
export function isFirstVisit(storage: Storage): boolean {
  return storage.getItem('graphiql:tabState') === null;
}
