/** Templates are compiled on first use and kept, under the name of the visit: no two are the same, and none is used twice. */
import { greet, serve } from '../serve.ts';

const compiled = new Map<number, (name: string) => string>();
let visits = 0;

serve((_request, response) => {
  greet(response);
  const id = ++visits;
  const template = compiled.get(id) ?? compile(id);
  compiled.set(id, template);
  response.write(`data: ${template('you')}\n\n`);
});

function compile(id: number): (name: string) => string {
  return new Function('name', `let text = 'page ${id} for ' + name; return text.toUpperCase();`) as (
    name: string,
  ) => string;
}
