package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
	"golang.org/x/term"
)

// tone is how urgent a cell is. It never speaks alone: the words say the same.
type tone int

const (
	plain tone = iota
	good
	warning
	bad
)

// tones are colours of the terminal's own palette, which suits its background.
var tones = map[tone]lipgloss.Style{
	plain:   lipgloss.NewStyle(),
	good:    lipgloss.NewStyle().Foreground(lipgloss.Green),
	warning: lipgloss.NewStyle().Foreground(lipgloss.Yellow),
	bad:     lipgloss.NewStyle().Foreground(lipgloss.Red).Bold(true),
}

type cell struct {
	text string
	tone tone
}

func text(s string) cell { return cell{text: s} }

// grid is a table for people.
type grid struct {
	head []string
	rows [][]cell
}

func (g *grid) add(cells ...cell) { g.rows = append(g.rows, cells) }

// write draws the table on a terminal; elsewhere it is plain columns.
func (g *grid) write(w io.Writer) error {
	if width, ok := terminalWidth(w); ok {
		return g.draw(w, width)
	}
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, strings.ToUpper(strings.Join(g.head, "\t")))
	for _, row := range g.rows {
		fmt.Fprintln(columns, strings.Join(texts(row), "\t"))
	}
	return columns.Flush()
}

func texts(row []cell) []string {
	out := make([]string, len(row))
	for i, c := range row {
		out[i] = oneLine(c.text)
	}
	return out
}

func (g *grid) draw(w io.Writer, width int) error {
	t := table.New().Headers(g.head...).
		Border(lipgloss.NormalBorder()).BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).
		BorderColumn(false).BorderStyle(lipgloss.NewStyle().Faint(true)).
		StyleFunc(func(row, column int) lipgloss.Style {
			style := lipgloss.NewStyle().Bold(true)
			if row != table.HeaderRow {
				style = tones[g.rows[row][column].tone]
			}
			return style.PaddingRight(2)
		})
	for _, row := range g.rows {
		t.Row(texts(row)...)
	}
	drawn := t.Render()
	if lipgloss.Width(drawn) > width {
		drawn = t.Width(width).Render()
	}
	_, err := lipgloss.Fprintln(w, drawn)
	return err
}

// terminalWidth is how many columns w has, if it is a terminal.
func terminalWidth(w io.Writer) (int, bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return width, true
}

// details are the facts about one thing, one a line.
type details struct{ rows [][2]string }

func (d *details) add(name, value string) { d.rows = append(d.rows, [2]string{name, value}) }

func (d *details) write(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range d.rows {
		fmt.Fprintf(columns, "%s:\t%s\n", row[0], oneLine(row[1]))
	}
	return columns.Flush()
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
