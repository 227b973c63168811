import type { Fetcher, Observable } from '@graphiql/toolkit';
import { Kind, OperationTypeNode, parse, type ExecutionResult } from 'graphql';

import { send, statusInWords, Trouble, type GraphQLAnswer, type GraphQLRequest } from './api';
import { costOf, type Cost } from './cost';
import { endInWords, failureOf, follow, type Followed, type Way } from './following';

/** Said in words above the editors, or null when the last operation went through. */
export type Report = (trouble: string | null) => void;

/** Hears what an operation cost, or null where the server did not say. */
export type Bill = (cost: Cost | null) => void;

/** Which way events come, and who hears of each. */
export interface Following {
  way(): Way;
  tell(followed: Followed): void;
}

// GraphiQL asks for the schema on its own account.
const OF_THE_PAGE = 'IntrospectionQuery';

// A 400 is about the operation itself, and the answer below the Play button says what is wrong with it.
const SPEAKS_FOR_ITSELF = new Set([200, 400, 422]);

// Except that a refusal for lack of permission is worth a word on what to do, and has the status that HTTP has for it.
const REFUSALS: Partial<Record<string, number>> = { UNAUTHENTICATED: 401, FORBIDDEN: 403 };

interface Sink {
  next(answer: ExecutionResult): void;
  error(error: unknown): void;
  complete(): void;
}

/**
 * GraphiQL's fetcher: sends operations with the session cookie, reports trouble in plain words, and tells the cost.
 * It answers with an observable, not a promise, because that is what GraphiQL can stop.
 */
export function createFetcher(report: Report, bill: Bill, following: Following): Fetcher {
  return (request, options) =>
    observable((sink, signal) => {
      const headers: Record<string, string> = options?.headers ?? {};
      if (isSubscription(request)) {
        report(null);
        followInto(sink, upToDate(request), headers, signal, report, following);
        return;
      }
      send(upToDate(request), { headers, signal })
        .then(({ answer, status }) => {
          report(troubleOf(answer, status));
          if (request.operationName !== OF_THE_PAGE) bill(costOf(answer));
          sink.next(answer as ExecutionResult);
          sink.complete();
        })
        .catch((error: unknown) => {
          if (signal.aborted) return;
          report(error instanceof Error ? error.message : String(error));
          sink.error(asGraphQL(error));
        });
    });
}

function followInto(
  sink: Sink,
  request: GraphQLRequest,
  headers: Record<string, string>,
  signal: AbortSignal,
  report: Report,
  { way, tell }: Following,
): void {
  let followed: Followed = { events: 0, last: null, isOver: false };
  const say = (change: Partial<Followed>) => tell((followed = { ...followed, ...change }));
  say({});
  signal.addEventListener('abort', () => say({ isOver: true }), { once: true });
  follow(request, way(), headers, signal, {
    next: (answer) => {
      say({ events: followed.events + 1, last: new Date() });
      report(troubleOf(answer as GraphQLAnswer, 200));
      sink.next(answer);
    },
    error: (error) => {
      if (signal.aborted) return;
      say({ isOver: true });
      const failure = failureOf(error);
      report(endInWords(error) ?? troubleOf(failure, 200));
      // What arrived last stays where it is to be read.
      if (followed.events === 0) sink.next(failure as ExecutionResult);
      sink.complete();
    },
    complete: () => {
      say({ isOver: true });
      sink.complete();
    },
  });
}

function isSubscription(request: GraphQLRequest): boolean {
  const { query, operationName } = upToDate(request);
  try {
    const operations = parse(query).definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
    const chosen = operations.find((each) => each.name?.value === operationName) ?? operations[0];
    return chosen?.operation === OperationTypeNode.SUBSCRIPTION;
  } catch {
    return false;
  }
}

/** What to say above the editors about an answer that did arrive. */
function troubleOf({ errors = [] }: Pick<GraphQLAnswer, 'errors'>, status: number): string | null {
  const refusal = errors.map((each) => REFUSALS[String(each.extensions?.['code'])]).find(Boolean);
  if (refusal) return statusInWords(refusal);
  return SPEAKS_FOR_ITSELF.has(status) ? null : statusInWords(status);
}

/**
 * GraphiQL learns the name of an operation a moment after it was typed. Whoever presses Play within that moment would
 * ask for an operation that is no longer there; the server needs no name when there is only one.
 */
function upToDate(request: GraphQLRequest): GraphQLRequest {
  const names = operationNames(request.query);
  const isStale = names !== null && !names.includes(request.operationName ?? undefined);
  return isStale ? { ...request, operationName: names.length === 1 ? names[0] : null } : request;
}

function operationNames(query: string): readonly (string | undefined)[] | null {
  try {
    const operations = parse(query).definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
    return operations.map((each) => each.name?.value);
  } catch {
    return null; // The server says better what is wrong with the text.
  }
}

function observable(start: (sink: Sink, signal: AbortSignal) => void): Observable<ExecutionResult> {
  const subscribe = (sink: Sink) => {
    const stop = new AbortController();
    start(sink, stop.signal);
    return { unsubscribe: () => stop.abort() };
  };
  return { subscribe } as Observable<ExecutionResult>;
}

function asGraphQL(error: unknown): { message: string; status?: number } {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof Trouble && error.status !== null ? { message, status: error.status } : { message };
}
