import { afterEach } from "vitest";
import { closeViews } from "./openView";

// Runs anew for each test file. A hook in a module that a worker's files share would be one of the first file alone.
afterEach(closeViews);
