import { z } from 'zod';
import { messageOf } from './errors.ts';
import type { ProtocolPlan } from './model.ts';
import { usage } from './option-values.ts';
import type { Ask } from './presets.ts';

const QUERY = `{ __schema { subscriptionType { fields {
  name args { name defaultValue type { kind } } type { kind ofType { kind ofType { kind ofType { kind } } } }
} } } }`;

interface TypeReference {
  kind: string;
  ofType?: TypeReference | null | undefined;
}

const typeReference: z.ZodType<TypeReference> = z.object({
  kind: z.string(),
  get ofType() {
    return typeReference.nullish();
  },
});

const subscriptionField = z.object({
  // The specification, §2.1.9: Name.
  name: z.string().regex(/^[_A-Za-z]\w*$/),
  args: z.array(z.object({ defaultValue: z.string().nullable(), type: typeReference })),
  type: typeReference,
});
type SubscriptionField = z.infer<typeof subscriptionField>;

const introspection = z.object({
  data: z.object({
    __schema: z.object({ subscriptionType: z.object({ fields: z.array(subscriptionField) }).nullable() }),
  }),
});

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
    const answer = await ask(url, { body: JSON.stringify({ query: QUERY }) });
    const read = introspection.safeParse(JSON.parse(answer));
    if (!read.success) throw new Error('the answer is no introspection');
    fields = read.data.data.__schema.subscriptionType?.fields ?? [];
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
