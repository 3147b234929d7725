/** The server tells a child process about each visit, and the child never forgets: the leak is not where the port is. */
import { fork } from 'node:child_process';
import { greet, serve } from '../serve.ts';

const visits: number[][] = [];

if (process.send === undefined) {
  const statistics = fork(import.meta.filename);
  serve((_request, response) => {
    greet(response);
    statistics.send('visit');
  });
} else {
  process.on('message', () => visits.push(new Array(57).fill(0)));
  process.on('disconnect', () => process.exit());
}
