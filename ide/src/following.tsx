/** Subscriptions: following events over either transport, and what the header says about them. */

import type { ExecutionResult } from 'graphql';
import { createClient as eventSource } from 'graphql-sse';
import { createClient as webSocket } from 'graphql-ws';

import type { GraphQLAnswer, GraphQLRequest } from './api';

/** How events come: both carry the same, and the server speaks both. */
export type Way = 'websocket' | 'sse';

/** What has arrived of the subscription that runs, or that ran last. */
export interface Followed {
  events: number;
  last: Date | null;
  isOver: boolean;
}

interface Sink {
  next(answer: ExecutionResult): void;
  error(error: unknown): void;
  complete(): void;
}

const WAYS: Record<Way, string> = { websocket: 'WebSocket', sse: 'server-sent events' };
const STORED_WAY = 'cairn:events-over';

/** Nothing is tried again behind one's back: whoever follows sees when it is over, and goes on with the last cursor. */
const ONCE = { retryAttempts: 0 } as const;

/** Follow a subscription until the signal says stop. The session cookie goes along by itself. */
export function follow(
  request: GraphQLRequest,
  way: Way,
  headers: Record<string, string>,
  signal: AbortSignal,
  sink: Sink,
): void {
  const client = way === 'websocket' ? socketClient(headers) : streamClient(headers);
  const operation = {
    query: request.query,
    variables: (request.variables ?? {}) as Record<string, unknown>,
    ...(request.operationName ? { operationName: request.operationName } : {}),
  };
  const stop = client.subscribe(operation, {
    next: (answer) => sink.next(answer as ExecutionResult),
    error: (error) => sink.error(error),
    complete: () => {
      client.dispose();
      if (!signal.aborted) sink.complete();
    },
  });
  signal.addEventListener('abort', () => stop(), { once: true });
}

function socketClient(headers: Record<string, string>) {
  const url = `${window.location.origin.replace(/^http/, 'ws')}/graphql`;
  return webSocket({ ...ONCE, url, connectionParams: headers });
}

function streamClient(headers: Record<string, string>) {
  return eventSource({
    ...ONCE,
    url: `${window.location.origin}/graphql/stream`,
    credentials: 'same-origin',
    headers: { ...headers, 'x-cairn-client': 'ide' },
  });
}

/** Why a subscription ended, in words for the person at the screen; null where the answer itself says it. */
export function endInWords(error: unknown): string | null {
  if (Array.isArray(error)) return null;
  if (isClosing(error)) {
    if (error.code === 4401) return 'Your session has ended, and with it the subscription. Open a new sign-in link.';
    return error.reason ? `The subscription has ended: ${error.reason}` : 'The connection was lost. Press Play to go on.';
  }
  return 'The connection was lost. Press Play to follow again; with the last cursor as “after” nothing is missed.';
}

/** What is shown as the answer where a subscription failed. */
export function failureOf(error: unknown): GraphQLAnswer {
  if (Array.isArray(error)) return { errors: error as GraphQLAnswer['errors'] & object };
  return { errors: [{ message: endInWords(error) ?? String(error) }] };
}

function isClosing(error: unknown): error is { code: number; reason: string } {
  return typeof error === 'object' && error !== null && 'code' in error && 'reason' in error;
}

export function storedWay(storage: Storage): Way {
  return storage.getItem(STORED_WAY) === 'sse' ? 'sse' : 'websocket';
}

export function storeWay(storage: Storage, way: Way): void {
  storage.setItem(STORED_WAY, way);
}

interface FollowNoteProps {
  followed: Followed | null;
  way: Way;
  choose: (way: Way) => void;
}

/** Which way events come, and how many did: shown where the operation is a subscription. */
export function FollowNote({ followed, way, choose }: FollowNoteProps) {
  return (
    <div className="cairn-follow">
      <label>
        Events over{' '}
        <select value={way} onChange={(event) => choose(event.target.value as Way)}>
          {(Object.keys(WAYS) as Way[]).map((each) => (
            <option key={each} value={each}>
              {WAYS[each]}
            </option>
          ))}
        </select>
      </label>
      <span role="log" aria-label="Events">
        {followed && told(followed)}
      </span>
    </div>
  );
}

function told({ events, last, isOver }: Followed): string {
  if (last === null) return isOver ? 'ended' : 'waiting …';
  const count = events === 1 ? '1 event' : `${events.toLocaleString('en')} events`;
  return `${count}, the last at ${last.toLocaleTimeString('en-GB')}${isOver ? ', ended' : ''}`;
}
