/** The one way from the IDE to the server's GraphQL endpoint. */

export interface GraphQLError {
  message: string;
  extensions?: Record<string, unknown>;
}

export interface GraphQLAnswer<Data = Record<string, unknown>> {
  data?: Data | null;
  errors?: readonly GraphQLError[];
  extensions?: Record<string, unknown>;
}

export interface GraphQLRequest {
  query: string;
  variables?: unknown;
  operationName?: string | null | undefined;
}

/** A request that got no GraphQL answer; `message` is meant for the person at the screen. */
export class Trouble extends Error {
  readonly status: number | null;

  constructor(message: string, status: number | null = null) {
    super(message);
    this.name = 'Trouble';
    this.status = status;
  }
}

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/graphql-response+json, application/json',
  // A page of another origin cannot set this header without asking first, so it guards the session cookie.
  'x-cairn-client': 'ide',
};

/**
 * Send one operation and return the server's GraphQL answer, whatever its status.
 * Throws `Trouble` when the server is out of reach or answers with something that is not GraphQL.
 */
export async function send<Data>(
  request: GraphQLRequest,
  { headers, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<{ answer: GraphQLAnswer<Data>; status: number }> {
  const response = await reach({
    method: 'POST',
    credentials: 'same-origin',
    headers: { ...HEADERS, ...headers },
    body: JSON.stringify(request),
    signal: signal ?? null,
  });
  const answer = parsed<Data>(await response.text());
  if (!answer) throw new Trouble(statusInWords(response.status), response.status);
  return { answer, status: response.status };
}

async function reach(init: RequestInit): Promise<Response> {
  try {
    return await fetch('/graphql', init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Trouble('The server cannot be reached. Check that Cairn is running and you are online, then try again.');
  }
}

function parsed<Data>(body: string): GraphQLAnswer<Data> | null {
  try {
    const value: unknown = JSON.parse(body);
    const isAnswer = typeof value === 'object' && value !== null && ('data' in value || 'errors' in value);
    return isAnswer ? (value as GraphQLAnswer<Data>) : null;
  } catch {
    return null;
  }
}

/** What an HTTP status means for the person at the screen. */
export function statusInWords(status: number): string {
  if (status === 401) return 'This needs you to be signed in. Open a new sign-in link, then run the operation again.';
  if (status === 403) return 'You are not allowed to do this. Sign in as someone who is, or ask for the permission.';
  if (status === 404) return 'There is no GraphQL API at this address. Is this the right server, and is it up to date?';
  if (status === 413) return 'The operation is too large for the server. Send less text at once.';
  if (status === 415) return 'The server did not understand the form of the request. Reload the page and try again.';
  if (status === 429) return 'Too many requests in a short time. Wait a minute, then try again.';
  if (status >= 500) return `The server failed (status ${status}). Nothing on this page is lost: try again in a while.`;
  return `The server gave an answer that this page does not understand (status ${status}).`;
}
