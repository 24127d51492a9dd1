package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"slices"
)

// writeSmall writes a PNG with the 256 colours that it uses most, others as the
// nearest of them: pages have few colours, and the file is a third as large.
func writeSmall(file string, picture []byte) error {
	from, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return fmt.Errorf("the browser's picture: %w", err)
	}
	palette := mostUsed(from, 256)
	to := image.NewPaletted(from.Bounds(), palette)
	nearest := map[color.RGBA]uint8{}
	each(from, func(x, y int, c color.RGBA) {
		i, known := nearest[c]
		if !known {
			i = uint8(palette.Index(c))
			nearest[c] = i
		}
		to.SetColorIndex(x, y, i)
	})
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, to); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

// mostUsed are the n colours that most pixels have.
func mostUsed(picture image.Image, n int) color.Palette {
	uses := map[color.RGBA]int{}
	each(picture, func(_, _ int, c color.RGBA) { uses[c]++ })
	colours := make([]color.RGBA, 0, len(uses))
	for c := range uses {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(uses[b], uses[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	palette := color.Palette{}
	for _, c := range colours {
		if len(palette) == n {
			break
		}
		if len(palette) < exact || !hasNear(palette, c) {
			palette = append(palette, c)
		}
	}
	return palette
}

// The colours used most are kept as they are; of the others, edges of letters
// mostly, none is kept that differs from another by less than near (of 255) in
// each part, so that what is small and of its own colour keeps it.
const (
	exact = 64
	near  = 10
)

func hasNear(palette color.Palette, c color.RGBA) bool {
	return slices.ContainsFunc(palette, func(p color.Color) bool {
		other := p.(color.RGBA)
		return apart(c.R, other.R) < near && apart(c.G, other.G) < near && apart(c.B, other.B) < near
	})
}

func apart(a, b uint8) int { return max(int(a), int(b)) - min(int(a), int(b)) }

func each(picture image.Image, do func(x, y int, c color.RGBA)) {
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			do(x, y, color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA))
		}
	}
}
