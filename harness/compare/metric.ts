import type { Metric, MetricKind } from '../model.ts';

/** A metric with nothing known yet but its name. */
export function metricOf(
  kind: MetricKind,
  scenario: string,
  over: Partial<Metric> & Pick<Metric, 'value'>,
): Metric {
  const path = over.path ?? '';
  return {
    id: [scenario, kind, path].filter((part) => part !== '').join(' '),
    kind,
    scenario,
    path,
    unit: 'bytes',
    per: '',
    missing: over.value === null ? 'it was not measured' : null,
    low: null,
    high: null,
    standardError: 0,
    deltaBytes: null,
    ...over,
  };
}
