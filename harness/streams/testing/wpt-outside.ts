import type { OutsideFile } from './conformance-case.ts';

function outside(reason: string, ...files: string[]): OutsideFile[] {
  return files.map((file) => ({ file, reason }));
}

/** The files of the suite that need a browser, by name, so that the count of those that are run is honest. */
export const wptOutside: readonly OutsideFile[] = [
  ...outside(
    'constructor of a DOM object',
    'eventsource-constructor-document-domain.window.js',
    'eventsource-constructor-empty-url.any.js',
    'eventsource-constructor-stringify.window.js',
    'eventsource-constructor-url-bogus.any.js',
    'eventsource-constructor-url-multi-window.htm',
  ),
  ...outside(
    'URLs that are not http(s): here a usage error before anything is opened',
    'eventsource-constructor-non-same-origin.window.js',
  ),
  ...outside(
    'attributes of DOM objects',
    'eventsource-onmessage-realm.htm',
    'eventsource-onmessage-trusted.any.js',
    'eventsource-prototype.any.js',
    'eventsource-url.any.js',
  ),
  ...outside('CORS', 'eventsource-cross-origin.window.js', 'eventsource-cross-origin-redirect-origin.any.js'),
  ...outside('the browser’s cookies', 'request-credentials.any.window.js'),
  ...outside(
    'the life of a page',
    'eventsource-bfcache.window.js',
    'eventsource-request-cancellation.any.window.js',
  ),
  ...outside(
    'EventSource over a ReadableStream',
    'eventsource-from-readable-stream.any.js',
    'eventsource-from-readable-stream-fetch.window.js',
  ),
  ...outside(
    'workers',
    'dedicated-worker/eventsource-close.htm',
    'dedicated-worker/eventsource-close2.htm',
    'dedicated-worker/eventsource-constructor-no-new.any.js',
    'dedicated-worker/eventsource-constructor-non-same-origin.htm',
    'dedicated-worker/eventsource-eventtarget.worker.js',
    'dedicated-worker/eventsource-onmessage.htm',
    'dedicated-worker/eventsource-onopen.htm',
    'dedicated-worker/eventsource-prototype.htm',
    'dedicated-worker/eventsource-url.htm',
    'shared-worker/eventsource-close.htm',
    'shared-worker/eventsource-constructor-non-same-origin.htm',
    'shared-worker/eventsource-eventtarget.htm',
    'shared-worker/eventsource-onmessage.htm',
    'shared-worker/eventsource-onopen.htm',
    'shared-worker/eventsource-prototype.htm',
    'shared-worker/eventsource-url.htm',
  ),
  ...outside(
    'withdrawn from the suite; its server is not part of it, so its bytes are not known',
    'submissions/MOSQUITO/accept-header-include-text-event-stream.html',
    'submissions/MOSQUITO/field-name-event.html',
    'submissions/MOSQUITO/user-agent-announce-connection.html',
  ),
];
