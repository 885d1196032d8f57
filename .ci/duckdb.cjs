// Runs the SQL of standard input in DuckDB and prints the rows of each statement as one line of JSON.
// Needs the npm package @duckdb/node-api where NODE_PATH finds it.
const { DuckDBInstance } = require('@duckdb/node-api')
const { readFileSync } = require('fs')

async function main() {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const statements = await connection.extractStatements(readFileSync(0, 'utf8'))
  for (let i = 0; i < statements.count; i++) {
    const reader = await (await statements.prepare(i)).runAndReadAll()
    console.log(JSON.stringify(reader.getRowObjectsJson()))
  }
}

main().catch((error) => {
  console.error(error.message)
  process.exit(1)
})
