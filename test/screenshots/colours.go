package main

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"slices"
)

// fewColours writes a PNG again with at most 256 colours: those that most pixels
// have, and for every other the nearest of them. Pages have few colours but for the
// edges of letters, so nobody sees it, and a picture is a quarter of the size.
func fewColours(full []byte) ([]byte, error) {
	decoded, err := png.Decode(bytes.NewReader(full))
	if err != nil {
		return nil, err
	}
	bounds := decoded.Bounds()
	used := map[color.RGBA]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			used[at(decoded, x, y)]++
		}
	}
	palette := mostUsed(used, 256)
	nearest := map[color.RGBA]uint8{}
	for c := range used {
		nearest[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			out.SetColorIndex(x, y, nearest[at(decoded, x, y)])
		}
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err = encoder.Encode(&b, out)
	return b.Bytes(), err
}

func at(m image.Image, x, y int) color.RGBA { return color.RGBAModel.Convert(m.At(x, y)).(color.RGBA) }

// mostUsed are up to n colours, those of most pixels, in an order of their own.
func mostUsed(used map[color.RGBA]int, n int) color.Palette {
	all := make([]color.RGBA, 0, len(used))
	for c := range used {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(used[b], used[a]), cmp.Compare(number(a), number(b)))
	})
	var palette color.Palette
	for _, c := range all { // first what differs, so that a rare accent keeps its colour
		if len(palette) < n/2 && !slices.ContainsFunc(palette, func(p color.Color) bool { return alike(p.(color.RGBA), c) }) {
			palette = append(palette, c)
		}
	}
	for _, c := range all {
		if len(palette) < n && !slices.Contains(palette, color.Color(c)) {
			palette = append(palette, c)
		}
	}
	return palette
}

// alike reports whether nobody would miss one colour beside the other.
func alike(a, b color.RGBA) bool {
	near := func(x, y uint8) bool { return max(x, y)-min(x, y) < 28 }
	return near(a.R, b.R) && near(a.G, b.G) && near(a.B, b.B)
}

func number(c color.RGBA) uint32 {
	return uint32(c.R)<<24 | uint32(c.G)<<16 | uint32(c.B)<<8 | uint32(c.A)
}
