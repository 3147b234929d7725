import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Box, boxTest, CLI, EVENTS_URL, targetCommand } from './support/cli.ts';

const ROOT = join(import.meta.dirname, '..');
const CI_DOC = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');

/** Pass, or inconclusive: a busy machine holds streams less well. All reports are there either way. */
const DECIDED = [0, 3];

interface Step {
  id?: string;
  shell?: string;
  run?: string;
  uses?: string;
  env?: Record<string, string>;
}
interface Action {
  inputs: Record<string, { description: string; default?: string }>;
  outputs: Record<string, { description: string; value: string }>;
  runs: { using: string; steps: Step[] };
}
const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as Action;

/** What `npx --yes hydrotest@…` would start, without a registry; it notes what it was asked for. */
function withNpx(box: Box): NodeJS.ProcessEnv {
  const bin = join(box.folder, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" > '${join(box.folder, 'asked')}'\nshift 2\nexec '${process.execPath}' '${CLI}' "$@"\n`;
  writeFileSync(join(bin, 'npx'), script);
  writeFileSync(join(bin, 'npm'), '#!/bin/sh\nexit 0\n');
  for (const name of ['npx', 'npm']) chmodSync(join(bin, name), 0o755);
  const node = join(process.execPath, '..');
  return { ...box.env, PATH: `${bin}:${node}:${process.env.PATH ?? ''}` };
}

async function bash(
  box: Box,
  script: string,
  env: NodeJS.ProcessEnv,
  shell = ['bash', '-eo', 'pipefail', '-c'],
) {
  const [program = 'bash', ...args] = shell;
  const child = spawn(program, [...args, script], {
    cwd: box.folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  const [code] = await once(child, 'close');
  return { code: code as number | null, output };
}

/** The bash step as the runner would start it: the inputs filled into its environment. */
async function runAction(box: Box, given: Record<string, string>) {
  const step = action.runs.steps.find(({ id }) => id === 'hydrotest');
  if (step?.run === undefined) throw new Error('action.yml has no step hydrotest');
  const inputs = Object.fromEntries(
    Object.entries(step.env ?? {}).map(([name, value]) => {
      const input = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(value)?.[1] ?? '';
      return [name, given[input] ?? action.inputs[input]?.default ?? ''];
    }),
  );
  const files = {
    GITHUB_ACTIONS: 'true',
    GITHUB_OUTPUT: join(box.folder, 'output'),
    GITHUB_STEP_SUMMARY: join(box.folder, 'summary.md'),
  };
  const result = await bash(box, step.run, { ...withNpx(box), RUNNER_TEMP: box.folder, ...files, ...inputs });
  const text = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  return { ...result, outputs: text(files.GITHUB_OUTPUT), summary: text(files.GITHUB_STEP_SUMMARY) };
}

describe('action.yml', () => {
  test('is a composite action whose inputs are all used and described', () => {
    expect(action.runs.using).toBe('composite');
    const text = readFileSync(join(ROOT, 'action.yml'), 'utf8');
    for (const [name, { description }] of Object.entries(action.inputs)) {
      expect(description, name).not.toBe('');
      expect(text, name).toContain(`inputs.${name}`);
    }
    for (const { value } of Object.values(action.outputs))
      expect(value).toMatch(/^\$\{\{ steps\.hydrotest\.outputs\./);
  });

  test('no script has an expression in it, and every one says its shell', () => {
    for (const { run, shell } of action.runs.steps.filter((step) => step.run !== undefined)) {
      expect(run).not.toContain('${{');
      expect(shell).toBe('bash');
    }
  });
});

describe.concurrent('the scripts of CI, run', () => {
  boxTest('the action tests the reference server, and writes outputs and summary', async ({ box }) => {
    const result = await runAction(box, { args: '--scenarios limit --limit 5' });
    expect(result.code, result.output).toBe(0);
    expect(result.outputs).toMatch(/^exit-code=0$/m);
    const reports = /^reports=(.*)$/m.exec(result.outputs)?.[1] ?? '';
    const [run] = readdirSync(reports);
    expect(existsSync(join(reports, run ?? '', 'junit.xml'))).toBe(true);
    // Once: hydrotest itself writes it, where it sees that it runs on GitHub.
    expect(result.summary.match(/^## .*hydrotest$/gm)).toHaveLength(1);
    expect(result.summary).toContain('limit');
  });

  boxTest('a quote in args that is not closed: nothing is run', async ({ box }) => {
    const result = await runAction(box, { args: "--scenarios limit --key 'a {n}" });
    expect(result.code, result.output).toBe(2);
    expect(result.outputs).toMatch(/^exit-code=2$/m);
    expect(existsSync(join(box.folder, 'asked'))).toBe(false);
  });

  boxTest('args of white space alone are none', async ({ box }) => {
    const result = await runAction(box, { args: ' \n', url: 'no URL' });
    expect(result.code, result.output).toBe(2);
    const asked = readFileSync(join(box.folder, 'asked'), 'utf8').trim().split('\n');
    expect(asked.slice(2)).toEqual(['run', '--url', 'no URL', '--out', expect.any(String)]);
  });

  boxTest('the action compares: what is worse fails the step', async ({ box }) => {
    const result = await runAction(box, {
      baseline: `${targetCommand('keeps-bytes.mjs')} 4`,
      command: `${targetCommand('keeps-bytes.mjs')} 60`,
      url: EVENTS_URL,
      args: '--scenarios hold --streams 200 --duration 1s --rounds 1',
    });
    expect(result.code, result.output).toBe(1);
    expect(result.outputs).toMatch(/^exit-code=1$/m);
    expect(result.summary).toContain('worse');
  });

  boxTest('inputs are never run: what looks like a script stays text', async ({ box }) => {
    const evil = `$(touch '${join(box.folder, 'harmed')}') "; touch '${join(box.folder, 'harmed')}`;
    const result = await runAction(box, {
      version: evil,
      'fail-on': evil,
      baseline: 'x',
      url: evil,
      args: "--key 'a {n} $(id)'",
    });
    expect(result.code, result.output).toBe(2);
    expect(existsSync(join(box.folder, 'harmed'))).toBe(false);
    const asked = readFileSync(join(box.folder, 'asked'), 'utf8').split('\n');
    expect(asked).toContain(`hydrotest@${evil}`);
    expect(asked).toContain('a {n} $(id)');
  });

  boxTest('the scripts for GitLab: reports, and metrics in its format', async ({ box }) => {
    const doc = parse(fenced('yaml', 'after_script')) as {
      hydrotest: { script: string[]; after_script: string[] };
    };
    const { script, after_script: after } = doc.hydrotest;
    const env = withServer(box);
    const main = await bash(box, quick(script.join('\n')), env);
    expect(DECIDED, main.output).toContain(main.code);
    const last = await bash(box, after.join('\n'), env);
    expect(last.code, last.output).toBe(0);
    const metrics = readFileSync(join(box.folder, 'metrics.txt'), 'utf8');
    // OpenMetrics text format: a name, labels, a number.
    for (const line of metrics.trim().split('\n'))
      expect(line).toMatch(/^hydrotest\{(\w+="[^"]*",?)+\} -?[\d.e+-]+$/);
    // What a busy machine can measure, too: whether a held stream's memory stands still is another matter.
    expect(metrics).toContain('metric="peak-memory"');
    const page = join(box.folder, 'trend.html');
    const trend = await box.run(['history', join(box.folder, 'history.ndjson'), '--out', page], {
      out: false,
    });
    expect(trend.code, trend.stderr).toBe(0);
    expect(readFileSync(page, 'utf8')).toContain('peak memory');
    const [run] = readdirSync(join(box.folder, 'reports'));
    expect(existsSync(join(box.folder, 'reports', run ?? '', 'junit.xml'))).toBe(true);
  });

  boxTest('the script for Jenkins: reports where its junit step looks', async ({ box }) => {
    const pipeline = fenced('groovy', 'junit');
    const script = /returnStatus: true, script: '([^']*)'/.exec(pipeline)?.[1] ?? '';
    const result = await bash(box, quick(script), withServer(box), ['sh', '-xe', '-c']);
    expect(DECIDED, result.output).toContain(result.code);
    const pattern = /junit '([^']*)'/.exec(pipeline)?.[1] ?? '';
    expect(execFileSync('sh', ['-c', `ls ${pattern}`], { cwd: box.folder, encoding: 'utf8' })).toContain(
      'junit.xml',
    );
  });
});

/** The block of code in docs/ci.md that has this word in it. */
function fenced(language: string, word: string): string {
  const blocks = [...CI_DOC.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))];
  const found = blocks.map((match) => match[1] ?? '').find((block) => block.includes(word));
  if (found === undefined) throw new Error(`docs/ci.md has no ${language} with ${word}`);
  return found;
}

/** `node server.js` as in the document is there, and it is `npx` of the clone that runs. */
function withServer(box: Box): NodeJS.ProcessEnv {
  copyFileSync(join(import.meta.dirname, 'targets', 'keeps-bytes.mjs'), join(box.folder, 'keeps-bytes.mjs'));
  writeFileSync(join(box.folder, 'server.js'), "process.argv[2] = '4'; import('./keeps-bytes.mjs');\n");
  return withNpx(box);
}

/** One short scenario instead of all. */
function quick(script: string): string {
  return script.replace('hydrotest run ', 'hydrotest run --scenarios hold --streams 100 --duration 1s ');
}
