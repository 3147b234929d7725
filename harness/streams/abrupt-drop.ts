import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

const manners: RawStreamManners = { behaviour: 'abrupt-drop', leave: 'rst' };

export const abruptDrop: Behaviour = {
  name: 'abrupt-drop',
  describes: 'reads events and breaks the connection off (RST), as a crash or a killed process does',
  open: (request) => openRawStream(request, manners),
};
