import type { Item } from '../../../lib/dynamodb/item.ts';
import type { Range } from './memory-tables.ts';

/** The parts of a command that have expressions. */
export interface Expressions {
  KeyConditionExpression?: string;
  ConditionExpression?: string;
  UpdateExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, unknown>;
}

const unknown = (expression: string) => new Error(`The in-memory DynamoDB does not know this: ${expression}`);

const nameIn = ({ ExpressionAttributeNames }: Expressions, name: string): string => {
  if (!name.startsWith('#')) return name;
  const resolved = ExpressionAttributeNames?.[name];
  if (resolved === undefined) throw unknown(name);
  return resolved;
};

const valueIn = ({ ExpressionAttributeValues }: Expressions, name: string): unknown => {
  const value = ExpressionAttributeValues?.[name];
  if (value === undefined) throw unknown(name);
  return value;
};

/** Whether the condition of a write holds: terms that are joined by AND. */
export const conditionHolds = (write: Expressions, item: Item | undefined): boolean =>
  (write.ConditionExpression?.split(' AND ') ?? []).every((term) => {
    const absent = /^attribute_not_exists\((#?\w+)\)$/.exec(term);
    if (absent) return item?.[nameIn(write, absent[1] as string)] === undefined;
    const equal = /^(#?\w+) = (:\w+)$/.exec(term);
    if (!equal) throw unknown(term);
    return item?.[nameIn(write, equal[1] as string)] === valueIn(write, equal[2] as string);
  });

/** The item after an update that only sets attributes. */
export const updated = (write: Expressions & { Key: Item }, item: Item | undefined): Item => {
  const expression = write.UpdateExpression ?? '';
  if (!expression.startsWith('SET ')) throw unknown(expression);
  const assignments = expression
    .slice('SET '.length)
    .split(/, (?![^(]*\))/)
    .map((assignment) => {
      const [, name, , value] = /^(#?\w+) = (if_not_exists\(\1, )?(:\w+)\)?$/.exec(assignment) ?? [];
      if (name === undefined || value === undefined) throw unknown(assignment);
      const attribute = nameIn(write, name);
      const keepsOld = assignment.includes('if_not_exists') && item?.[attribute] !== undefined;
      return [attribute, keepsOld ? item?.[attribute] : valueIn(write, value)];
    });
  return { ...write.Key, ...item, ...Object.fromEntries(assignments) };
};

/** The partition and the range of sort keys of a query. */
export const rangeOf = (query: Expressions): Range => {
  if (query.KeyConditionExpression !== 'pk = :pk AND sk BETWEEN :first AND :last')
    throw unknown(query.KeyConditionExpression ?? 'a query without a key condition');
  const [pk, first, last] = [':pk', ':first', ':last'].map((name) => valueIn(query, name) as string);
  return { pk, first, last } as Range;
};
