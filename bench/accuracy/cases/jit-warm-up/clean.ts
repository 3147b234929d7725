/** Templates are compiled on first use and kept. There are 1,500 of them, so it takes thousands of connections until all are. */
import { greet, serve } from '../serve.ts';

const TEMPLATES = 1500;
const compiled = new Map<number, (name: string) => string>();

serve((_request, response) => {
  greet(response);
  const id = Math.floor(Math.random() * TEMPLATES);
  const template = compiled.get(id) ?? compile(id);
  compiled.set(id, template);
  response.write(`data: ${template('you')}\n\n`);
});

function compile(id: number): (name: string) => string {
  return new Function('name', `let text = 'page ${id} for ' + name; return text.toUpperCase();`) as (
    name: string,
  ) => string;
}
