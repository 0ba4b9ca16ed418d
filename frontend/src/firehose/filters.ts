/** Which frames are shown. The filters live in the page's address. */
import { useLocation, useSearch } from "wouter";

import type { SeenFrame } from "../model/firehose";
import { DOMAIN_RANGES, Domain, MESSAGES, Source } from "../wire/schema";
import { headerText, inspected, typesOf } from "./inspected";

export type FilterName = "domain" | "type" | "source";
export type Filters = Record<FilterName, string>;

/** No relay carries frames of the system's own domain. */
const CARRIED = [...Domain].filter(([, name]) => name !== "SYSTEM");

export const DOMAINS = CARRIED.map(([, name]) => name);
export const SOURCES = [...Source.values()];
export const TYPES = CARRIED.map(([number, domain]) => ({
  domain,
  types: MESSAGES.filter(({ type }) => isOf(type, number)).map(({ name }) => name),
}));

function isOf(type: number, domain: number): boolean {
  return DOMAIN_RANGES.some((range) => range.domain === domain && range.first <= type && type <= range.last);
}

export function useFilters(): [Filters, (name: FilterName, value: string) => void, () => void] {
  const [path, navigate] = useLocation();
  const search = new URLSearchParams(useSearch());
  const of = (name: FilterName) => search.get(name) ?? "";
  const set = (name: FilterName, value: string) => {
    if (value === "") search.delete(name);
    else search.set(name, value);
    navigate(search.size === 0 ? path : `${path}?${search}`, { replace: true });
  };
  const filters = { domain: of("domain"), type: of("type"), source: of("source") };
  return [filters, set, () => navigate(path, { replace: true })];
}

export function isFiltered(filters: Filters): boolean {
  return Object.values(filters).some((value) => value !== "");
}

export function matching(frames: readonly SeenFrame[], filters: Filters): readonly SeenFrame[] {
  if (!isFiltered(filters)) return frames;
  const { domain, type, source } = filters;
  return frames.filter((frame) => {
    const { view } = inspected(frame);
    return (
      (domain === "" || headerText(view, "domain") === domain) &&
      (source === "" || headerText(view, "source") === source) &&
      (type === "" || typesOf(view).includes(type))
    );
  });
}
