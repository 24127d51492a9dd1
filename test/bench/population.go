package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// The population is stored through the store's own transactions. Users that are
// not due are never read by a sweep, so their rows carry one real pair's bytes
// under serials of their own; what the sweep itself makes is real throughout.

const (
	benchProject = "bench"
	benchService = "orders"
	perWrite     = 5000
)

// populate makes a project with due users that are due and others that are not.
func populate(ctx context.Context, a *app.App, due, others int, now time.Time) error {
	if _, err := a.CreateProject(ctx, app.System(), app.NewProject{Name: benchProject}, now); err != nil {
		return err
	}
	if _, err := a.CreateService(ctx, app.System(), benchProject, app.NewService{Name: benchService}, now); err != nil {
		return err
	}
	p, err := newPopulation(ctx, a, now)
	if err != nil {
		return err
	}
	for made := 0; made < due+others; made += perWrite {
		n := min(perWrite, due+others-made)
		err := a.Store.Write(ctx, func(tx app.Tx) error { return p.insert(ctx, tx, made, n, due) })
		if err != nil {
			return fmt.Errorf("after %d users: %w", made, err)
		}
	}
	return nil
}

// population is what every user of it shares.
type population struct {
	now      time.Time
	project  app.Project
	service  app.Service
	template app.User
}

func newPopulation(ctx context.Context, a *app.App, now time.Time) (*population, error) {
	p := &population{now: now}
	err := a.Store.Read(ctx, func(r app.Reader) (err error) {
		if p.project, err = r.ProjectByName(ctx, benchProject); err != nil {
			return err
		}
		if p.service, err = r.ServiceByName(ctx, p.project.ID, benchService); err != nil {
			return err
		}
		p.template, err = r.UserByName(ctx, p.service.ID, lifecycle.PrimaryUser)
		return err
	})
	return p, err
}

func (p *population) insert(ctx context.Context, tx app.Tx, from, n, due int) error {
	changes := make([]app.Decided, n)
	for i := range changes {
		born := p.now.Add(-lifecycle.DefaultPolicy().Validity / 4)
		if from+i < due { // 40 days before the end: past every jitter
			born = p.now.Add(40*24*time.Hour - lifecycle.DefaultPolicy().Validity)
		}
		d, err := p.user(ctx, tx, fmt.Sprintf("user-%07d", from+i), born)
		if err != nil {
			return err
		}
		changes[i] = d
	}
	applied, err := tx.Apply(ctx, changes)
	if err != nil {
		return err
	}
	for _, ok := range applied {
		if !ok {
			return fmt.Errorf("a user of the population was not stored")
		}
	}
	return nil
}

func (p *population) user(ctx context.Context, tx app.Tx, name string, born time.Time) (app.Decided, error) {
	u := app.User{
		ID: randomID(), ProjectID: p.project.ID, ServiceID: p.service.ID, Name: name,
		SealedPassword: p.template.SealedPassword, CreatedAt: born,
	}
	change, err := lifecycle.Create(u.ID, lifecycle.Terms{
		Policy: lifecycle.DefaultPolicy(), CAEnd: p.now.AddDate(app.CAYears, 0, 0),
	}, born)
	if err != nil {
		return app.Decided{}, err
	}
	if err := tx.InsertUser(ctx, u); err != nil {
		return app.Decided{}, err
	}
	serial := make([]byte, 20)
	copy(serial, p.template.Current.Serial[:4]) // the time prefix keeps the index local, as in life
	_, _ = rand.Read(serial[4:])
	return app.Decided{
		ProjectID: p.project.ID, ServiceID: p.service.ID, UserID: u.ID, Change: change,
		Pair: &app.NewPair{
			CAID: p.template.Current.CAID, Serial: serial,
			Cert: p.template.Current.Cert, SealedKey: p.template.Current.SealedKey,
		},
	}, nil
}

func randomID() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return int64(binary.BigEndian.Uint64(b[:])>>1) | 1
}
