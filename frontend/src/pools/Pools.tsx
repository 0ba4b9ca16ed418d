import "../styles/pages.css";
import "../styles/pools.css";

import { useDeferredValue, useRef, useState } from "react";
import { NativeSelect, TextInput } from "@mantine/core";
import { useSearchParams } from "wouter";

import { Card, NotReceived } from "../cards/Card";
import { useTopic } from "../cards/useTopic";
import { countText } from "../format/amount";
import { pages } from "../messages";
import { pools as texts } from "../messages/pools";
import { isUnknown } from "../model/banner";
import { useModel } from "../model/store";
import { focusRow } from "../shell/focusRow";
import { useShortcuts } from "../shell/shortcuts";
import { PoolDrawer } from "./PoolDrawer";
import { PoolTable } from "./PoolTable";
import { COLUMNS, isFiltered, matching, NO_FILTERS, ordered, type ColumnName, type Filters, type Order } from "./rows";

/** More rows than anybody reads; the rest comes when it is asked for. */
const SHOWN = 100;

/** What is priced with, and how far it can be trusted. Filters, order and the open pool are part of the address. */
export default function Pools() {
  const all = useTopic("pools");
  const chains = useModel((model) => model.topics.chains?.chains);
  const unknown = useModel(isUnknown);
  const [params, setParams] = useSearchParams();
  const [most, setMost] = useState(SHOWN);
  const search = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const filters: Filters = { ...NO_FILTERS, ...pick(params, Object.keys(NO_FILTERS)) };
  const order = orderOf(params);
  const deferred = useDeferredValue(all?.pools);
  const set = (change: Record<string, string>) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(change)) {
          if (value === "") next.delete(name);
          else next.set(name, value);
        }
        return next;
      },
      { replace: true },
    );
  const step = (by: 1 | -1) => focusRow(list.current, by);
  useShortcuts({ "/": () => search.current?.focus(), j: () => step(1), k: () => step(-1) });
  if (all === undefined || deferred === undefined) {
    return (
      <>
        <h1 className="page-title">{pages.pools}</h1>
        <NotReceived />
      </>
    );
  }
  const found = ordered(matching(deferred, filters), order);
  const shown = found.slice(0, most);
  return (
    <>
      <h1 className="page-title">{pages.pools}</h1>
      <div className="stack" data-unknown={unknown || undefined}>
        <Card title={texts.title} meta={texts.meta(countText(found.length), countText(all.pools.length))} className="pools">
          <div className="pool-tools" role="search">
            <TextInput
              ref={search}
              type="search"
              aria-label={texts.search}
              placeholder={texts.searchHint}
              value={filters.text}
              onChange={(event) => set({ text: event.currentTarget.value })}
            />
            <Choice name="chain" value={filters.chain} onChange={set}>
              {(chains ?? []).map(({ chain_id, name }) => [`${chain_id}`, name])}
            </Choice>
            <Choice name="kind" value={filters.kind} onChange={set}>
              {Object.entries(texts.kinds)}
            </Choice>
            <Choice name="trust" value={filters.trust} onChange={set}>
              {Object.entries(texts.trusts)}
            </Choice>
          </div>
          <div ref={list}>
            {found.length === 0 ? (
              <p className="quiet">
                {all.pools.length === 0 ? texts.none : texts.noMatch}{" "}
                {isFiltered(filters) && (
                  <button type="button" className="link" onClick={() => set({ ...NO_FILTERS })}>
                    {texts.clear}
                  </button>
                )}
              </p>
            ) : (
              <PoolTable
                pools={shown}
                order={order}
                onOrder={({ by, down }) => set({ sort: down ? `-${by}` : by })}
                onOpen={(id) => set({ pool: id })}
              />
            )}
          </div>
          {found.length > shown.length && (
            <button type="button" className="all" onClick={() => setMost(most + SHOWN)}>
              {texts.more(countText(Math.min(SHOWN, found.length - shown.length)))}
            </button>
          )}
          {all.total > all.pools.length && <p className="quiet">{texts.notAll(countText(all.total))}</p>}
        </Card>
      </div>
      <PoolDrawer id={params.get("pool")} onClose={() => set({ pool: "" })} />
    </>
  );
}

interface ChoiceProps {
  name: "chain" | "kind" | "trust";
  value: string;
  onChange: (change: Record<string, string>) => void;
  children: string[][];
}

function Choice({ name, value, onChange, children }: ChoiceProps) {
  return (
    <NativeSelect aria-label={texts[name]} value={value} onChange={(event) => onChange({ [name]: event.currentTarget.value })}>
      <option value="">{texts.all[name]}</option>
      {children.map(([key, word]) => (
        <option key={key} value={key}>
          {word}
        </option>
      ))}
    </NativeSelect>
  );
}

function pick(params: URLSearchParams, names: string[]): Partial<Filters> {
  return Object.fromEntries(names.map((name) => [name, params.get(name) ?? ""]));
}

/** Those to look at first come first, unless somebody chose otherwise. */
function orderOf(params: URLSearchParams): Order {
  const asked = params.get("sort") ?? "trust";
  const by = asked.replace(/^-/, "");
  const known = COLUMNS.find((one): one is ColumnName => one === by);
  return known === undefined ? { by: "trust", down: false } : { by: known, down: asked.startsWith("-") };
}
