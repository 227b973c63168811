/** Who is signed in, as the server's session says. */

export interface Viewer {
  kind: 'USER' | 'ANONYMOUS';
  name: string | null;
  /** What holds everywhere. */
  scopes: readonly string[];
  /** What holds within single courses or groups only. */
  within: readonly string[];
}

export const ANONYMOUS: Viewer = { kind: 'ANONYMOUS', name: null, scopes: [], within: [] };

/**
 * Ask the server who holds the session cookie.
 * Throws when the server cannot be reached or answers with something else than a session.
 */
export async function loadViewer(): Promise<Viewer> {
  const response = await fetch('/session', { credentials: 'same-origin', headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`The session could not be read (status ${response.status}).`);
  const { viewer } = (await response.json()) as { viewer: Partial<Viewer> };
  return { ...ANONYMOUS, ...viewer };
}

export async function signOut(): Promise<void> {
  const response = await fetch('/sign-out', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'x-cairn-client': 'ide' },
  });
  if (!response.ok) throw new Error(`The server refused to sign you out (status ${response.status}).`);
}

export function isSignedIn(viewer: Viewer): boolean {
  return viewer.kind === 'USER';
}

/** What the viewer may do with content, in the words of an editor. */
export function roleInWords({ scopes, within }: Viewer): string {
  if (scopes.includes('content:publish')) return 'may edit and publish';
  if (scopes.includes('content:edit')) return 'may edit drafts';
  if (within.includes('content:publish')) return 'may edit and publish single courses';
  if (within.includes('content:edit')) return 'may edit drafts of single courses';
  return 'may read';
}

export function isSamePerson(one: Viewer, other: Viewer): boolean {
  return one.kind === other.kind && one.name === other.name;
}
