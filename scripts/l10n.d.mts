export function collectTexts(): Promise<Set<string>>;
