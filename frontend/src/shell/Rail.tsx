import { Link, useLocation } from "wouter";

import { pages as texts } from "../messages";
import { PAGES } from "../pages";

/** The way to the other pages: a rail at the left, on narrow screens a bar at the bottom, below the stop button. */
export function Rail() {
  const [location] = useLocation();
  return (
    <nav className="rail" aria-label={texts.label}>
      {PAGES.map(({ path, label, Icon }) => (
        <Link key={path} href={path} aria-current={location === path ? "page" : undefined}>
          <Icon size={20} stroke={1.6} aria-hidden="true" />
          <span>{label}</span>
        </Link>
      ))}
    </nav>
  );
}
