/** The finalizer is told which session to tidy by the session itself, which is thereby held: no finalizer ever runs. */
import { greet, serve } from '../serve.ts';

const sessions = new Map<number, WeakRef<object>>();
const tidy = new FinalizationRegistry(({ session }: { session: { id: number } }) =>
  sessions.delete(session.id),
);
let lastId = 0;

serve((_request, response) => {
  greet(response);
  const id = ++lastId;
  const session = { id, scratch: new Array(60).fill(0) };
  sessions.set(id, new WeakRef(session));
  tidy.register(session, { session });
  response.once('close', () => session.scratch.fill(1));
});
