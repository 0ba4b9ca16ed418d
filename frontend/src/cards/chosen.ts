import { create } from "zustand";

const PARAMETER = "opportunity";

interface Chosen {
  id: string | null;
}

const useStore = create<Chosen>(() => ({ id: new URLSearchParams(window.location.search).get(PARAMETER) }));

/** Open the details of an opportunity, or close them; which one is open is part of the page's address. */
export function choose(id: string | null): void {
  const url = new URL(window.location.href);
  if (id === null) url.searchParams.delete(PARAMETER);
  else url.searchParams.set(PARAMETER, id);
  window.history.replaceState(null, "", url);
  useStore.setState({ id });
}

export function useChosen(): string | null {
  return useStore((chosen) => chosen.id);
}
