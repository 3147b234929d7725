import type { Behaviour, BehaviourName } from '../model.ts';
import { abruptDrop } from './abrupt-drop.ts';
import { dropBeforeFirstByte } from './drop-before-first-byte.ts';
import { gracefulClose } from './graceful-close.ts';
import { slowReader } from './slow-reader.ts';
import { stalledReader } from './stalled-reader.ts';
import { tab } from './tab.ts';

/** Every behaviour by its name. A new one is a file, its name in the model, and a line here. */
export const behaviours: Record<BehaviourName, Behaviour> = {
  tab,
  'graceful-close': gracefulClose,
  'abrupt-drop': abruptDrop,
  'drop-before-first-byte': dropBeforeFirstByte,
  'slow-reader': slowReader,
  'stalled-reader': stalledReader,
};
