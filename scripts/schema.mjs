// Writes docs/schema.md from the migrations of SQLite; PostgreSQL's have the same tables and columns,
// which a test compares. With --check it writes nothing and fails if the page is not what they say.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

const folder = new URL('../migrations/sqlite/', import.meta.url)
const page = new URL('../docs/schema.md', import.meta.url)

const lines = [
  '# Schema',
  '',
  'Generated from `migrations/` by `make generate`. Both engines have these tables and columns; the types',
  'are those of SQLite. Times are UTC microseconds, days are `YYYY-MM-DD` in Asia/Shanghai, amounts are fen.',
  'Columns of type BLOB whose names speak of secrets, openids or payloads are sealed, with the id of their',
  'key before them.',
]

// A column, or a rule of the whole table.
const rule = /^(PRIMARY KEY|UNIQUE|FOREIGN KEY|CHECK)\b/
const say = (text) => text.replaceAll('|', '\\|').trim()

for (const file of readdirSync(folder).sort()) {
  const text = readFileSync(new URL(file, folder), 'utf8')
  const name = file.replace(/^\d+_/, '').replace(/\.sql$/, '').replaceAll('_', ' ')
  lines.push('', `## ${name[0].toUpperCase()}${name.slice(1)}`, '', `\`${file}\``)
  let comment = []
  let table = null
  let indexes = []
  const finish = () => {
    if (indexes.length === 0) return
    lines.push('', ...indexes.map((index) => `- ${index}`))
    indexes = []
  }
  // A statement may go over several lines.
  let open = ''
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line.startsWith('--')) {
      comment.push(line.slice(2).trim())
      continue
    }
    if (line === '') {
      if (table === null && open === '') comment = []
      continue
    }
    const created = line.match(/^CREATE TABLE (\w+) \($/)
    if (created) {
      finish()
      table = created[1]
      lines.push('', `### \`${table}\``)
      if (comment.length > 0) lines.push('', comment.join(' '))
      lines.push('', '| column | type | |', '|---|---|---|')
      comment = []
      continue
    }
    if (table !== null) {
      if (line.startsWith(')')) {
        table = null
        comment = []
        continue
      }
      const item = line.replace(/,$/, '')
      if (rule.test(item)) {
        indexes.push(`\`${item}\``)
      } else {
        const [column, ...type] = item.split(' ')
        lines.push(`| \`${column}\` | ${say(type.join(' '))} | ${say(comment.join(' '))} |`)
      }
      comment = []
      continue
    }
    open = open === '' ? line : `${open} ${line}`
    if (!open.endsWith(';')) continue
    const index = open.match(/^CREATE (UNIQUE )?INDEX \w+ ON (\w+) (.*);$/)
    if (index) {
      const why = comment.length > 0 ? ` ${comment.join(' ')}` : ''
      indexes.push(`${index[1] ? 'unique' : 'index'} \`${index[3]}\`${why}`)
    }
    open = ''
    comment = []
  }
  finish()
}

const made = `${lines.join('\n')}\n`
if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== made) {
    console.error('docs/schema.md is not what the migrations say: run `make generate`')
    process.exit(1)
  }
} else {
  writeFileSync(page, made)
}
