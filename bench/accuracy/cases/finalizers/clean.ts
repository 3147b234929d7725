/** The list holds sessions weakly and is tidied by finalizers, which run some time after a collection. */
import { greet, serve } from '../serve.ts';

const sessions = new Map<number, WeakRef<object>>();
const tidy = new FinalizationRegistry((id: number) => sessions.delete(id));
let lastId = 0;

serve((_request, response) => {
  greet(response);
  const id = ++lastId;
  const session = { id, scratch: new Array(60).fill(0) };
  sessions.set(id, new WeakRef(session));
  tidy.register(session, id);
  response.once('close', () => session.scratch.fill(1));
});
