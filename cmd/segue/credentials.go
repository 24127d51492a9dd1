package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/segue-project/segue/internal/atomicfile"
)

// credentials are what `segue user login` leaves for later commands.
type credentials struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	Email string `json:"email"`
}

func credentialsPath() (string, error) {
	if dir := os.Getenv("SEGUE_CONFIG_DIR"); dir != "" {
		return filepath.Join(dir, "credentials.json"), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the credentials: %w; name one in SEGUE_CONFIG_DIR", err)
	}
	return filepath.Join(dir, "segue", "credentials.json"), nil
}

// loadCredentials returns what is stored, nothing at all before the first sign-in.
func loadCredentials() (credentials, error) {
	path, err := credentialsPath()
	if err != nil {
		return credentials{}, nil // nowhere to keep any: nobody signed in
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return credentials{}, nil
	}
	if err != nil {
		return credentials{}, fmt.Errorf("read the stored credentials: %w", err)
	}
	var c credentials
	if err := json.Unmarshal(text, &c); err != nil {
		return credentials{}, fmt.Errorf("%s is damaged: sign in again with `segue user login EMAIL`", path)
	}
	return c, nil
}

func (c credentials) save() error {
	path, err := credentialsPath()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(text, '\n'), 0o600)
}

// removeCredentials reports whether there were any.
func removeCredentials() (bool, error) {
	path, err := credentialsPath()
	if err != nil {
		return false, err
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
