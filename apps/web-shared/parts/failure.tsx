/** How failures and waiting are shown in place of what could not be loaded. */
import { Alert, Button, Group, Loader, Stack, Text } from "@mantine/core";
import { asProblem } from "./problem.ts";

export function Failure({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const problem = asProblem(error);
  return (
    <Alert color="red" variant="light" title={problem.title} role="alert">
      <Stack gap="xs" align="start">
        {problem.message !== problem.title && <Text size="sm">{problem.message}</Text>}
        {problem.errors.length > 0 && (
          <ul className="plain">
            {problem.errors.map(({ pointer, detail }) => (
              <li key={`${pointer} ${detail}`}>
                <code>{pointer}</code> {detail}
              </li>
            ))}
          </ul>
        )}
        {problem.requestId !== undefined && (
          <Text size="xs" c="dimmed">
            Request {problem.requestId}
          </Text>
        )}
        {onRetry !== undefined && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

export function Waiting({ what }: { readonly what: string }) {
  return (
    <Group justify="center" p="xl" gap="sm" role="status">
      <Loader size="sm" aria-hidden="true" />
      <Text c="dimmed">{what} …</Text>
    </Group>
  );
}
