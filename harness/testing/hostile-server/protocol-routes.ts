import { http2Routes } from './http2-routes.ts';
import { lineRoutes } from './line-routes.ts';
import type { ProtocolRoute } from './protocol-route.ts';
import { webSocketRoutes } from './web-socket-routes.ts';

/** All bad peers of other protocols than event streams over GET, by their names. */
export const protocolRoutes: Record<string, ProtocolRoute> = {
  ...webSocketRoutes,
  ...lineRoutes,
  ...http2Routes,
};
