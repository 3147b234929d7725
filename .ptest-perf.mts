import { fork } from 'node:child_process';
const root = process.argv[2];
const { behaviours } = await import(`${root}/harness/streams/behaviours.ts`);
const child = fork('/tmp/ptest-perf-server.mjs', { execArgv: [] });
const port = await new Promise<number>((r) => child.once('message', (p) => r(p as number)));
const N = 1000;
const mem = () => { gc!(); gc!(); const m = process.memoryUsage(); return m.heapUsed + m.external; };
// warm up
const headers = {};
const url = `http://127.0.0.1:${port}/`;
const warm = Array.from({ length: 200 }, () => behaviours['graceful-close'].open({ url, headers }));
await Promise.all(warm.map((s) => s.firstEvent)); for (const s of warm) s.end(); await Promise.all(warm.map((s) => s.ended));
const before = mem();
const c0 = process.cpuUsage();
const streams = Array.from({ length: N }, () => behaviours['graceful-close'].open({ url, headers }));
await Promise.all(streams.map((s) => s.firstEvent));
const open = process.cpuUsage(c0);
const after = mem();
const c1 = process.cpuUsage();
child.send('burst');
while (streams.some((s) => s.eventCount < 201)) await new Promise((r) => setTimeout(r, 20));
const burst = process.cpuUsage(c1);
const c2 = process.cpuUsage();
for (let i = 0; i < 3; i++) { const w = Array.from({ length: 500 }, () => behaviours['graceful-close'].open({ url, headers })); await Promise.all(w.map((s) => s.firstEvent)); for (const s of w) s.end(); await Promise.all(w.map((s) => s.ended)); }
const churn = process.cpuUsage(c2);
const sum = (u: NodeJS.CpuUsage) => (u.user + u.system) / 1000;
console.log(JSON.stringify({ bytes: Math.round((after - before) / N), openMs: sum(open), burstMs: sum(burst), churnMs: sum(churn) }));
for (const s of streams) s.end(); await Promise.all(streams.map((s) => s.ended));
child.kill(); process.exit();
