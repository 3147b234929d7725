/** A supervisor whose worker ends after 3,000 connections and is started again, under another pid: memory falls each time. */
import { fork } from 'node:child_process';
import { greet, serve } from '../cases/serve.ts';

const CONNECTIONS_PER_LIFE = 3000;
const kept: number[][] = [];

if (process.send === undefined) supervise();
else {
  process.on('disconnect', () => process.exit());
  serve((_request, response) => {
    greet(response);
    if (kept.push(new Array(60).fill(0)) === CONNECTIONS_PER_LIFE) process.exit();
  });
}

function supervise(): void {
  fork(import.meta.filename).once('exit', supervise);
}
