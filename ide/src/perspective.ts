import { Kind, type DocumentNode, type OperationDefinitionNode, type ValueNode } from 'graphql';

/** What running an operation reads or changes, for the hint in the header. */
export type Effect = 'reads-live' | 'reads-draft' | 'changes-draft' | 'goes-live';

type MaybeDocument = DocumentNode | undefined;

/**
 * Tell what the operation called `name` (or the only one) touches.
 * Returns null while the text is no complete operation. `variables` is the text of the variables editor; the stage
 * may come from there.
 */
export function effectOf(document: MaybeDocument, name: string | undefined, variables: string): Effect | null {
  const operation = currentOperation(document, name);
  if (!operation) return null;
  if (operation.operation === 'mutation') return publishes(operation) ? 'goes-live' : 'changes-draft';
  return stageOf(operation, variables) === 'DRAFT' ? 'reads-draft' : 'reads-live';
}

/** Whether the operation called `name` (or the only one) follows events. */
export function isSubscription(document: MaybeDocument, name: string | undefined): boolean {
  return currentOperation(document, name)?.operation === 'subscription';
}

function currentOperation(document: MaybeDocument, name: string | undefined): OperationDefinitionNode | null {
  const operations = document?.definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION) ?? [];
  return operations.find((each) => each.name?.value === name) ?? operations[0] ?? null;
}

/** Mutations are named object first, act last: `coursePublish`, `themeUnpublish`. */
function publishes(operation: OperationDefinitionNode): boolean {
  return operation.selectionSet.selections.some(
    (each) => each.kind === Kind.FIELD && /(Publish|Unpublish)$/.test(each.name.value),
  );
}

function stageOf(operation: OperationDefinitionNode, variables: string): string | null {
  const directive = operation.directives?.find((each) => each.name.value === 'perspective');
  const value = directive?.arguments?.find((each) => each.name.value === 'stage')?.value;
  if (value?.kind !== Kind.VARIABLE) return literal(value);
  const definition = operation.variableDefinitions?.find((each) => each.variable.name.value === value.name.value);
  return givenStage(variables, value.name.value) ?? literal(definition?.defaultValue);
}

function literal(value: ValueNode | undefined): string | null {
  return value?.kind === Kind.ENUM ? value.value : null;
}

/** A look at the text is enough: it may hold comments or be half typed, and this is only a hint. */
function givenStage(variables: string, name: string): string | null {
  return new RegExp(`"${name}"\\s*:\\s*"(\\w+)"`).exec(variables)?.[1] ?? null;
}
