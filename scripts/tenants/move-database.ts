/** As much of a D1 database as a move needs. */
export interface MoveDatabase {
  prepare(sql: string): MoveStatement;
  batch<Row>(statements: MoveStatement[]): Promise<{ readonly results: Row[] }[]>;
}

export interface MoveStatement {
  bind(...values: unknown[]): MoveStatement;
  all<Row>(): Promise<{ readonly results: Row[] }>;
}
