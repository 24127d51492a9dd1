package bundle

import (
	"archive/zip"
	"bytes"
	"fmt"
	"time"
)

// Zip packs the files in their order. The same files and time give the same
// bytes. modTime is what the files are dated by, to the second.
func Zip(files []File, modTime time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: modTime.UTC().Truncate(time.Second)}
		header.SetMode(f.Mode())
		part, err := w.CreateHeader(header)
		if err != nil {
			return nil, fmt.Errorf("zip %s: %w", f.Name, err)
		}
		if _, err := part.Write(f.Content); err != nil {
			return nil, fmt.Errorf("zip %s: %w", f.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("zip: %w", err)
	}
	return b.Bytes(), nil
}
