/** The server tells a child process about each visit, and the child counts them. */
import { fork } from 'node:child_process';
import { greet, serve } from '../serve.ts';

let visitCount = 0;

if (process.send === undefined) {
  const statistics = fork(import.meta.filename);
  serve((_request, response) => {
    greet(response);
    statistics.send('visit');
  });
} else {
  process.on('message', () => visitCount++);
  process.on('disconnect', () => process.exit());
}
