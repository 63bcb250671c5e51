#!/bin/sh
echo booted > /etc/booted
