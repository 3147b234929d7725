import { answerRoutes } from './answer-routes.ts';
import { chunkRoutes } from './chunk-routes.ts';
import { escapeRoutes } from './escape-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { headRoutes } from './head-routes.ts';
import { redirectRoutes } from './redirect-routes.ts';
import type { HostileRoute } from './route.ts';
import { stallRoutes } from './stall-routes.ts';
import { tlsRoutes } from './tls-routes.ts';

/** All bad peers by their names. */
export const hostileRoutes: Record<string, HostileRoute> = {
  ...headRoutes,
  ...chunkRoutes,
  ...eventRoutes,
  ...answerRoutes,
  ...redirectRoutes,
  ...stallRoutes,
  ...tlsRoutes,
  ...escapeRoutes,
};
