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
  const filters = offered({ domain: of("domain"), type: of("type"), source: of("source") });
  const set = (name: FilterName, value: string) => {
    const chosen = Object.entries(offered({ ...filters, [name]: value })).filter(([, text]) => text !== "");
    navigate(chosen.length === 0 ? path : `${path}?${new URLSearchParams(chosen)}`, { replace: true });
  };
  return [filters, set, () => navigate(path, { replace: true })];
}

/** The filters without what cannot be chosen: a type of another domain, a name in the address that nothing has. */
export function offered({ domain, type, source }: Filters): Filters {
  const known = DOMAINS.includes(domain) ? domain : "";
  const types = TYPES.filter((group) => known === "" || known === group.domain).flatMap((group) => group.types);
  return { domain: known, type: types.includes(type) ? type : "", source: SOURCES.includes(source) ? source : "" };
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
