import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import type { Item } from './item.ts';

/** A change of one item. */
export interface Change {
  pk: string;
  sk: string;
  /** The item before and after the change. Undefined if it did not exist then. */
  before: Item | undefined;
  after: Item | undefined;
}

type Image = NonNullable<DynamoDBRecord['dynamodb']>['NewImage'];

const itemOf = (image: Image): Item | undefined =>
  image && unmarshall(image as Record<string, AttributeValue>);

/** Reads the change from a record of a table's stream, as Lambda passes it to a function. */
export const readChange = ({ dynamodb: { Keys, OldImage, NewImage } = {} }: DynamoDBRecord): Change => ({
  ...(itemOf(Keys) as { pk: string; sk: string }),
  before: itemOf(OldImage),
  after: itemOf(NewImage),
});
