import type { GraphQLAnswer } from './api';

/** What the server says that an operation costs, and how much it may. */
export interface Cost {
  requested: number;
  limit: number;
}

/** The cost that an answer tells: of an operation that ran, or of one that was refused because of it. */
export function costOf({ extensions, errors = [] }: Pick<GraphQLAnswer, 'errors' | 'extensions'>): Cost | null {
  const told = [extensions, ...errors.map((each) => each.extensions)].map((each) => each?.['cost']);
  return told.find(isCost) ?? null;
}

function isCost(value: unknown): value is Cost {
  return typeof value === 'object' && value !== null && 'requested' in value && 'limit' in value;
}

const MEANING =
  'About so many objects the operation could bring: lists are counted with the size of their page, ' +
  'or with what is usual. What costs more than the limit is not run.';

/** What the last operation cost; nothing before the first one. */
export function CostNote({ cost }: { cost: Cost | null }) {
  return (
    <p className="cairn-cost" aria-live="polite" data-too-high={cost !== null && cost.requested > cost.limit}>
      {cost && (
        <span title={MEANING}>
          Cost <strong>{cost.requested.toLocaleString('en')}</strong> of {cost.limit.toLocaleString('en')}
        </span>
      )}
    </p>
  );
}
