import { chartData, htmlParts, type LivePage, type PageData, renderPage } from '../../reports/html.ts';
import { judge } from '../judge.ts';
import type { Report, RunRecord } from '../model.ts';

/** What the page says about the run as such, beside its report. */
export interface LiveStatus {
  /** `lost`: hydrotest itself is gone, and the journal ends where it was. */
  state: 'running' | 'ended' | 'lost';
  scenario: string | null;
  phase: string | null;
  /** As the last line of the journal tells. */
  elapsedMs: number;
  reportFile: string | null;
}

/** One message to a page: the parts that changed, the charts' data, and the status. */
export interface LiveUpdate {
  parts: Record<string, string>;
  data: PageData;
  status: LiveStatus;
}

/** The run as the page shows it: judged anew with each `look`. */
export interface LiveState {
  readonly update: LiveUpdate;
  page(live: LivePage): string;
}

export function look(
  record: RunRecord,
  state: LiveStatus['state'],
  reportFile: string | null = null,
): LiveState {
  const report: Report = judge(record);
  const view = { running: state === 'running' };
  const current = record.scenarios.at(-1);
  return {
    update: {
      parts: htmlParts(report, view),
      data: chartData(report, view),
      status: {
        state,
        scenario: current === undefined || current.endedMs !== null ? null : current.scenario,
        phase: current?.phases.at(-1)?.phase ?? null,
        elapsedMs: record.durationMs,
        reportFile,
      },
    },
    page: (live) => renderPage(report, { ...view, live }),
  };
}

/** An update for a page that has seen `before`: parts that are as they were stay out of it. */
export function changes(before: LiveUpdate, { parts, ...rest }: LiveUpdate): LiveUpdate {
  const changed = Object.entries(parts).filter(([id, text]) => before.parts[id] !== text);
  return { ...rest, parts: Object.fromEntries(changed) };
}
