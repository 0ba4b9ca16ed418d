import { Component, type ReactNode } from "react";
import { Button } from "@mantine/core";

import { failure, words } from "../messages";

interface Props {
  area: string;
  children: ReactNode;
}

/** The border of a card: what is thrown inside it is told in its place, and the other cards go on. */
export class Guard extends Component<Props, { problem: string | null }> {
  override state: { problem: string | null } = { problem: null };

  static getDerivedStateFromError(reason: unknown): { problem: string } {
    return { problem: reason instanceof Error ? reason.message : String(reason) };
  }

  override render(): ReactNode {
    const { area, children } = this.props;
    const { problem } = this.state;
    if (problem === null) return <div className={`area-${area}`}>{children}</div>;
    return (
      <section className={`card area-${area}`} role="alert">
        <p className="strong">{failure.title}</p>
        <p className="meta">{problem}</p>
        <Button variant="default" onClick={() => this.setState({ problem: null })}>
          {words.retry}
        </Button>
      </section>
    );
  }
}
