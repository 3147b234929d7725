import type { ServerParts } from '../parts.ts';
import { sendJson } from '../respond.ts';
import type { WorkflowList } from '../workflow-list.ts';
import type { Handler } from './route.ts';

/** More folders than a person reads through; the list then says that it is not complete. */
const maxListedEntries = 1000;

export function createWorkflowsRoute({
  registry,
  listWorkflows,
}: Pick<ServerParts, 'registry' | 'listWorkflows'>): Handler {
  let listing: Promise<WorkflowList> | null = null;
  return async (_request, response) => {
    // Whoever asks meanwhile gets the same answer: a flood of questions opens the folder once at a time.
    listing ??= listWorkflows(maxListedEntries).finally(() => {
      listing = null;
    });
    const { workflowIds, truncated } = await listing;
    const workflows = workflowIds.map((workflowId) => ({
      workflowId,
      openStreams: registry.openByWorkflow.get(workflowId) ?? 0,
    }));
    // Without a limit (Infinity) JSON has `null`.
    sendJson(response, 200, { workflows, limit: registry.limit, truncated });
  };
}
