import type { Behaviour, BehaviourName } from '../model.ts';
import { abruptDrop } from './abrupt-drop.ts';
import { dropBeforeFirstByte } from './drop-before-first-byte.ts';
import { dropMidEvent } from './drop-mid-event.ts';
import { gracefulClose } from './graceful-close.ts';
import { halfClose } from './half-close.ts';
import { halfOpen } from './half-open.ts';
import { http10 } from './http-1.0.ts';
import { keepingProxy } from './keeping-proxy.ts';
import { pipelined } from './pipelined.ts';
import { randomLifetime } from './random-lifetime.ts';
import { reconnect } from './reconnect.ts';
import { reconnectStorm } from './reconnect-storm.ts';
import { requestThenSilence } from './request-then-silence.ts';
import { slowReader } from './slow-reader.ts';
import { stalledReader } from './stalled-reader.ts';
import { tab } from './tab.ts';

/** Every behaviour by its name. A new one is a file, its name in the model, and a line here. */
export const behaviours: Record<BehaviourName, Behaviour> = {
  tab,
  'graceful-close': gracefulClose,
  'abrupt-drop': abruptDrop,
  'drop-before-first-byte': dropBeforeFirstByte,
  'drop-mid-event': dropMidEvent,
  'slow-reader': slowReader,
  'stalled-reader': stalledReader,
  'request-then-silence': requestThenSilence,
  'half-close': halfClose,
  'half-open': halfOpen,
  reconnect,
  'reconnect-storm': reconnectStorm,
  pipelined,
  'http-1.0': http10,
  'keeping-proxy': keepingProxy,
  'random-lifetime': randomLifetime,
};
