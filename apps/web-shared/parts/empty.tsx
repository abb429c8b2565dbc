/** What is said where nothing is yet, and what to do about it. */
import { Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Icon, type IconName } from "./icons.tsx";

interface Props {
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
}

export function Empty({ icon, title, text, children }: Props) {
  return (
    <section className="empty">
      <span className="empty-icon">
        <Icon name={icon} size={28} />
      </span>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text c="dimmed" size="sm" maw={420} ta="center">
        {text}
      </Text>
      {children}
    </section>
  );
}
