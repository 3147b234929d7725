import { messageOf } from './errors.ts';
import type { ProtocolPlan } from './model.ts';
import { usage } from './option-values.ts';
import type { Ask } from './presets.ts';

const QUERY = `{ __schema { subscriptionType { fields {
  name args { name defaultValue type { kind } } type { kind ofType { kind ofType { kind ofType { kind } } } }
} } } }`;

interface TypeReference {
  kind: string;
  ofType?: TypeReference | null;
}

interface SubscriptionField {
  name: string;
  args: { name: string; defaultValue: string | null; type: TypeReference }[];
  type: TypeReference;
}

/**
 * Subscribes to the first field of the schema's subscriptions that wants no argument, of which introspection tells. Throws `usage`
 * where there is none, or where the server does not tell: then the user has to say it.
 */
export async function prepareGraphql(plan: ProtocolPlan, url: string, ask: Ask): Promise<ProtocolPlan> {
  if (plan.body !== null) return plan;
  const field = await firstField(url, ask);
  const selection = isObject(field.type) ? ' { __typename }' : '';
  return { ...plan, body: JSON.stringify({ query: `subscription { ${field.name}${selection} }` }) };
}

async function firstField(url: string, ask: Ask): Promise<SubscriptionField> {
  let fields: SubscriptionField[];
  try {
    const answer = JSON.parse(await ask(url, { body: JSON.stringify({ query: QUERY }) })) as {
      data?: { __schema?: { subscriptionType?: { fields?: SubscriptionField[] } | null } };
    };
    fields = answer.data?.__schema?.subscriptionType?.fields ?? [];
  } catch (error) {
    throw usage(`--preset graphql-sse: the schema could not be asked for (${messageOf(error)}): ${REMEDY}`);
  }
  const fitting = fields.find(({ args }) =>
    args.every(({ type, defaultValue }) => type.kind !== 'NON_NULL' || defaultValue !== null),
  );
  if (fitting !== undefined) return fitting;
  const what = fields.length === 0 ? 'tells of no subscription' : 'has no subscription without arguments';
  throw usage(`--preset graphql-sse: the schema ${what}: ${REMEDY}`);
}

const REMEDY = 'say which with --body \'{"query":"subscription { … }"}\'.';

function isObject({ kind, ofType }: TypeReference): boolean {
  if (kind === 'NON_NULL' || kind === 'LIST') return ofType != null && isObject(ofType);
  return kind === 'OBJECT' || kind === 'INTERFACE' || kind === 'UNION';
}
