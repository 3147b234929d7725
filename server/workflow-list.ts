import { opendir } from 'node:fs/promises';
import { isWorkflowId } from './workflow-id.ts';

export interface WorkflowList {
  workflowIds: string[];
  /** There are more folders than were looked at. */
  truncated: boolean;
}

/**
 * The workflows in a folder, sorted by name. Reads at most `maxEntries` entries, so that a folder of a million
 * costs no more than that. A folder that does not exist yet has no workflows.
 */
export async function listWorkflows(dir: string, maxEntries: number): Promise<WorkflowList> {
  const workflowIds: string[] = [];
  let entryCount = 0;
  let truncated = false;
  try {
    for await (const entry of await opendir(dir)) {
      entryCount += 1;
      if (entryCount > maxEntries) {
        truncated = true;
        break; // closes the folder, too
      }
      if (!entry.isFile() && isWorkflowId(entry.name)) workflowIds.push(entry.name);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return { workflowIds: workflowIds.sort(), truncated };
}
