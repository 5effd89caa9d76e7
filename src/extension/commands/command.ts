import type { Services } from "../services";

/** A command's work; arguments come from menus, keybindings or other extensions and are checked by the handler. */
export type CommandHandler = (services: Services, ...args: unknown[]) => Promise<unknown>;
