import { ConditionFailed } from '../../dynamodb/failures.ts';
import type { Table } from '../../dynamodb/table.ts';
import { headKey, type LogHead, newGeneration, toHead } from './log-items.ts';

/**
 * Reads the head of a namespace's change log. Makes it if there is none: several processes may do this at once, and all get
 * the same head.
 */
export const readHead = async (projections: Table, namespace: string): Promise<LogHead> => {
  const head = await projections.get(headKey(namespace));
  if (head) return toHead(head);
  return toHead(
    await projections.update({
      Key: headKey(namespace),
      UpdateExpression:
        'SET generation = if_not_exists(generation, :generation), lastNumber = if_not_exists(lastNumber, :none)',
      ExpressionAttributeValues: { ':generation': newGeneration(), ':none': 0 },
    }),
  );
};

/**
 * Begins a new, empty log. All readers then begin again, because their cursors name the old one. This is needed if changes
 * were lost before they were numbered. Others may number changes meanwhile.
 */
export const beginGeneration = async (projections: Table, namespace: string): Promise<void> => {
  const { generation } = await readHead(projections, namespace);
  try {
    // Without the condition, a try that arrives late would set the new log back to 0 and give its numbers twice.
    await projections.put({
      Item: { ...headKey(namespace), generation: newGeneration(), lastNumber: 0 },
      ConditionExpression: 'generation = :generation',
      ExpressionAttributeValues: { ':generation': generation },
    });
  } catch (error) {
    // A new log has begun since this function was called: by an earlier try of this write, or by another process.
    if (!(error instanceof ConditionFailed)) throw error;
  }
};
