import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';

/** In this order: what a module imports stands before it. */
const scripts = [
  'describe-event.js',
  'connection.js',
  'connection-places.js',
  'shared-stream.js',
  'event-list.js',
  'connection-view.js',
  'workflow-nav.js',
  'main.js',
];

const read = (name: string) => readFileSync(new URL(`./client/${name}`, import.meta.url), 'utf8');

/** Leaves comments and indentation out, which are for who reads the files. No text of the page goes over more than one line. */
const compact = (text: string) => text.replace(/^\s*(\/\/.*|\/\*[\s\S]*?\*\/)\n|^[ \t]+/gm, '').trim();

/**
 * Joins modules into one, so that the page is one answer and its policy one hash. They import nothing but one another
 * and share one scope then, so no two of them may declare the same name at the top: the browser would say so at once.
 */
const join = (modules: string[]) =>
  compact(modules.map((text) => text.replace(/^import [^;]*;\n|^export /gm, '')).join('\n'));

const style = compact(read('style.css'));
const script = join(scripts.map(read));

/** Read once, when the server starts. The replacements are functions: a `$` in the code stands for itself. */
export const page = read('index.html')
  .replace('/* style.css */', () => style)
  .replace('/* scripts */', () => script);

export const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing runs on the page but its own script, and it talks to nobody but its own server. */
export const pageHeaders: OutgoingHttpHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  // Asked for each time, but not `no-store`, with which browsers do not keep a page for the back button.
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': [
    `default-src 'none'`,
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    `img-src data:`,
    `connect-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
};
