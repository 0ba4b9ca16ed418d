/** Topics that are sent only while a page shows them, as they came last. */
import { create } from "zustand";

import type { AskedTopics } from "../api/wire";

export const useAsked = create<Partial<AskedTopics>>(() => ({}));

export function putAsked<T extends keyof AskedTopics>(topic: T, data: AskedTopics[T]): void {
  useAsked.setState({ [topic]: data });
}
